// The memory in which a record's text is read and its Log is written. memory-layout.ts has the addresses.
//
// The memory never grows, because growing detaches its ArrayBuffer, and every line that is a view of it. A batch that
// needs more room continues in a new, larger arena. The old one stays valid for readers that still have a line in it.
//
// It is a memory of WebAssembly, with the code in wasm/. Where WebAssembly cannot run, it is an ArrayBuffer, with the
// same code in JavaScript: without SIMD (no SSE4.1), with `node --jitless`, or under a limit of the address space, of
// which Node 20 and 22 reserve 10 GiB for each memory. Any arena can reach that limit, not only the first one.

import { messageOf } from '../errors';
import { BATCH_FROM, INPUT_BYTES, INPUT_FROM, OVERRUN_BYTES } from './memory-layout';
import type { RecordCode } from './record-code';
import { WASM_BASE64 } from './wasm-bytes';

// The types of Node 20 do not declare WebAssembly.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

export interface Arena {
  readonly code: RecordCode;
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

/** Makes an arena. @param batchBytes the least room for a batch */
export type NewArena = (batchBytes: number) => Arena;

const PAGE_BYTES = 64 * 1024;

/** Compiled once for the thread. */
let compiled: object | undefined;
/**
 * Why WebAssembly cannot run in this thread. It is not tried again: before V8 gives up an allocation, it collects the
 * garbage of the whole heap, twice.
 */
let problem: string | undefined;

/** Returns why WebAssembly cannot run, as far as that can be known before an arena is needed. */
export function wasmProblem(): string | undefined {
  if (compiled !== undefined || problem !== undefined) return problem;
  try {
    compiled = new WebAssembly.Module(Buffer.from(WASM_BASE64, 'base64'));
  } catch (error) {
    problem = messageOf(error);
  }
  return problem;
}

/**
 * Makes an arena for WebAssembly, or a plain one.
 * @param onPlain called with the reason if it is a plain one
 */
export function newArena(batchBytes: number, onPlain: (reason: string) => void = () => {}): Arena {
  if (wasmProblem() === undefined) {
    try {
      return wasmArena(batchBytes);
    } catch (error) {
      problem = messageOf(error);
    }
  }
  const arena = plainArena(batchBytes);
  onPlain(problem!);
  return arena;
}

function wasmArena(batchBytes: number): Arena {
  const pages = pagesFor(batchBytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(compiled!, { env: { memory } });
  return arenaOn(memory.buffer, exports as RecordCode);
}

/** Makes an arena without WebAssembly. */
export function plainArena(batchBytes: number): Arena {
  const { plainCode } = require('./plain-code') as typeof import('./plain-code');
  const buffer = new ArrayBuffer(pagesFor(batchBytes) * PAGE_BYTES);
  return arenaOn(buffer, plainCode(buffer));
}

function pagesFor(batchBytes: number): number {
  return Math.ceil((BATCH_FROM + batchBytes + OVERRUN_BYTES) / PAGE_BYTES);
}

function arenaOn(buffer: ArrayBuffer, code: RecordCode): Arena {
  return {
    code,
    buffer,
    bytes: Buffer.from(buffer),
    words: new Int32Array(buffer),
    inputBuffer: Buffer.from(buffer, INPUT_FROM, INPUT_BYTES),
    nameCache: undefined,
  };
}
