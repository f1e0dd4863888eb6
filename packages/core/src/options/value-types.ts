// The kinds of values that an option can have, and the notes that stand beside each.

import {
  type GenericSchema,
  integer,
  maxValue,
  metadata,
  minLength,
  minValue,
  number,
  pipe,
  regex,
  string,
} from 'valibot';

/** What the help, the pages and the TSDoc say about an option, and how to read it from a text. */
export interface OptionNotes {
  /** One or two sentences. The unit follows from the option's name. */
  readonly meaning: string;
  /** How to read a variable or flag. Numbers, booleans and plain texts need no note. */
  readonly text?: 'list' | 'pairs' | 'number pairs';
  /** Variables of the vendor, read after ours. */
  readonly vendor?: readonly string[];
  /** Shown as the default if the default is not a constant. */
  readonly defaultText?: string;
  readonly secret?: boolean;
}

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

/** Adds the notes to a type. */
export const noted = <const T extends GenericSchema>(type: T, notes: OptionNotes) => pipe(type, metadata({ ...notes }));

export const wholeNumber = (min: number, max: number) => pipe(number(), integer(), minValue(min), maxValue(max));

export const text = () => pipe(string(), minLength(1));

/** A value that goes into a header or an address: a control character would end it, and only ASCII is allowed there. */
export const ascii = () => pipe(string(), regex(/^[\x20-\x7e]*$/, 'must be one line of printable ASCII'));

export const line = () => pipe(text(), regex(/^[^\p{Cc}]*$/u, 'must be one line without control characters'));

export const key = () => pipe(ascii(), minLength(1));
