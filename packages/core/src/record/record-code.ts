// What reads and writes the bytes of records: WebAssembly (wasm/record.ts), or JavaScript (plain-code.ts) where that
// cannot run.

/** wasm/record.ts documents the functions. All arguments are addresses in the memory of one arena. */
export interface RecordCode {
  read(start: number, end: number, rows: number, rowsTo: number, levels: number): number;
  write(rows: number, rowsTo: number, to: number, limit: number, time: number, nsTag: number): number;
  writeText(start: number, end: number, to: number): number;
  insertName(source: number, length: number, encoded: number, encodedBytes: number): number;
  clearNames(): void;
}
