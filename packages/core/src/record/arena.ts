// The WebAssembly memory in which a record's text is read and its Log is written. memory-layout.ts has the addresses.
//
// The memory never grows, because growing detaches its ArrayBuffer, and every line that is a view of it. A batch that
// needs more room continues in a new, larger arena. The old one stays valid for readers that still have a line in it.

import { BATCH_FROM, INPUT_BYTES, INPUT_FROM, OVERRUN_BYTES } from './memory-layout';
import { WASM_BASE64 } from './wasm-bytes';

// The types of Node 20 do not declare WebAssembly.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** The exports of wasm/record.ts, which documents them. */
export interface RecordWasm {
  read(start: number, end: number, rows: number, rowsTo: number, levels: number): number;
  write(rows: number, rowsTo: number, to: number, limit: number, time: number, nsTag: number): number;
  writeText(start: number, end: number, to: number): number;
  insertName(source: number, length: number, encoded: number, encodedBytes: number): number;
  clearNames(): void;
}

export interface Arena {
  readonly wasm: RecordWasm;
  readonly buffer: ArrayBuffer;
  /** The whole memory. */
  readonly bytes: Buffer;
  /** The whole memory, as words of four bytes. */
  readonly words: Int32Array;
  /** Text in this buffer is encoded without a copy. */
  readonly inputBuffer: Buffer;
  /** The NameCache whose names are in this memory. */
  nameCache: object | undefined;
}

const PAGE_BYTES = 64 * 1024;

/** Compiled once for the thread. */
let compiled: object | undefined;

/** @param batchBytes the least room for a batch */
export function newArena(batchBytes: number): Arena {
  compiled ??= new WebAssembly.Module(Buffer.from(WASM_BASE64, 'base64'));
  const pages = Math.ceil((BATCH_FROM + batchBytes + OVERRUN_BYTES) / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  const { buffer } = memory;
  return {
    wasm: instance.exports as RecordWasm,
    buffer,
    bytes: Buffer.from(buffer),
    words: new Int32Array(buffer),
    inputBuffer: Buffer.from(buffer, INPUT_FROM, INPUT_BYTES),
    nameCache: undefined,
  };
}
