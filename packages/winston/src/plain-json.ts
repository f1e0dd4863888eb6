// Recognizes `format.json()` without a replacer, the default format of a logger. Its text only repeats the fields of an
// info, so the two need not be compared.
//
// An application may have a copy of winston's formats of its own, so the function is recognized by its source. If that
// is not readable or has changed, the text of each info is compared.

const SOURCE =
  /^\(info, opts\) => \{\s*const jsonStringify = stringify\.configure\(opts\);\s*info\[MESSAGE\] = jsonStringify\(info, opts\.replacer \|\| replacer, opts\.space\);\s*return info;\s*\}$/;

/** Whether a function is that of `format.json`. */
const known = new WeakMap<object, boolean>();

export function writesPlainJson(format: unknown): boolean {
  if (typeof format !== 'object' || format === null) return false;
  const { transform, options } = format as { transform?: unknown; options?: { replacer?: unknown } };
  return typeof transform === 'function' && !options?.replacer && isJsonFormat(transform);
}

function isJsonFormat(transform: object): boolean {
  let isKnown = known.get(transform);
  if (isKnown === undefined) {
    isKnown = SOURCE.test(Function.prototype.toString.call(transform));
    known.set(transform, isKnown);
  }
  return isKnown;
}
