// Finds the default export of a module that the application named, in ES or CommonJS format.

/** A CommonJS module that a compiler wrote, loaded by `import`, has its default export inside another one. */
const MAX_DEPTH = 2;

/** Returns what a module exports itself, or as `default`; the caller checks the type. */
export function defaultExportOf(loaded: unknown): unknown {
  let exported = loaded;
  for (let depth = 0; depth < MAX_DEPTH && typeof exported === 'object' && exported !== null; depth += 1) {
    exported = (exported as { default?: unknown }).default;
  }
  return exported;
}
