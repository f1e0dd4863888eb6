// Writes the names of fields.

/** Quoted names. Quoting a name costs as much as a short value. Bounded, because an application may make up names. */
const names = new Map<string, string>();
const MAX_NAMES = 1024;
const MAX_NAME_CHARS = 128;

/** Returns `,"name":`. */
export function nameText(name: string): string {
  let text = names.get(name);
  if (text === undefined) {
    text = `,${JSON.stringify(name)}:`;
    if (name.length > MAX_NAME_CHARS) return text;
    if (names.size >= MAX_NAMES) names.clear();
    names.set(name, text);
  }
  return text;
}
