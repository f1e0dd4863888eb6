// Reads an option's value from the text of a variable or a flag.
//
// A text that does not fit the option's type is returned unchanged, and the schema reports it.

import type { OptionLeaf } from './leaves';

export function readText(text: string, { kind, notes }: OptionLeaf): unknown {
  switch (notes.text) {
    case 'list':
      return text.split(',').map((item) => item.trim());
    case 'pairs':
      return readPairs(text, (value) => value);
    case 'number pairs':
      return readPairs(text, readNumber);
    default:
      if (kind === 'number') return readNumber(text);
      return kind === 'boolean' ? readBoolean(text) : text;
  }
}

function readNumber(text: string): unknown {
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function readBoolean(text: string): unknown {
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  return /^(false|0|no|off)$/i.test(text) ? false : text;
}

/** Reads `env=prod,team=core`. */
function readPairs(text: string, read: (value: string) => unknown): unknown {
  const pairs = text.split(',').map((pair) => {
    const equals = pair.indexOf('=');
    return equals > 0 ? ([pair.slice(0, equals).trim(), read(pair.slice(equals + 1).trim())] as const) : undefined;
  });
  return pairs.includes(undefined) ? text : Object.fromEntries(pairs as [string, unknown][]);
}
