// The memory in which a record is read and its Log is written: of WebAssembly, so that both are done by sixteen bytes.
//
// Takes: how large it shall be. Gives: its bytes, and the functions of wasm/record.ts that work on them. Keeps: the
// compiled module, one for the thread. Never: grows: a growing memory takes the bytes away from under every view of
// it, and lines are views. A larger memory is another one, and the old stays what it was for who still reads it.
//
//   | the compiler's | cache of names | their bytes | work on a record | piece of text | batch ...
//   0                4 K              20 K          32 K               64 K            160 K
//
// Who wants to spare a record's copy puts its text into `piece`. What stands elsewhere is copied to the work.

import { WASM_BASE64 } from './wasm-bytes';

// Node's own types leave it out until a later version than the oldest we run on.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** What wasm/record.ts exports; it says what they do. */
export interface RecordWasm {
  read(start: number, end: number, table: number, tableTo: number, levels: number): number;
  write(table: number, tableTo: number, to: number, limit: number, time: number, nsTag: number): number;
  writeText(start: number, end: number, to: number): number;
  remember(source: number, length: number, encoded: number, encodedBytes: number): number;
  forget(): void;
}

export interface Arena {
  readonly wasm: RecordWasm;
  readonly buffer: ArrayBuffer;
  readonly bytes: Buffer;
  /** The same by four. */
  readonly words: Int32Array;
  /** Where a piece of text is put that is to be read next. */
  readonly piece: Buffer;
  /** Whose names the cache has. */
  reader: object | undefined;
}

const PAGE_BYTES = 64 * 1024;
/** Slots of the cache of names. */
export const NAME_SLOTS = 512;
export const NAMES_FROM = 20 * 1024;
export const NAMES_TO = 32 * 1024;
export const WORK_FROM = 32 * 1024;
export const WORK_TO = 64 * 1024;
const PIECE_FROM = 64 * 1024;
export const PIECE_BYTES = 96 * 1024;
export const BATCH_FROM = PIECE_FROM + PIECE_BYTES;
/** wasm/record.ts reads and writes so far behind what it is given. */
export const OVERRUN_BYTES = 32;

let compiled: object | undefined;

/** @param batchBytes room for a batch, at least */
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
    piece: Buffer.from(buffer, PIECE_FROM, PIECE_BYTES),
    reader: undefined,
  };
}
