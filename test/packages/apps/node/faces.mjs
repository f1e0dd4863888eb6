// Prints, of each entry named in its arguments, what `import` and `require` give: the names, and whether both give the
// same things.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const faces = {};
for (const entry of process.argv.slice(2)) {
  if (entry.endsWith('.json')) {
    faces[entry] = { required: Object.keys(require(entry)) };
    continue;
  }
  const required = require(entry);
  const imported = await import(entry);
  const names = (face) =>
    Object.keys(face).filter((name) => !['default', 'module.exports', '__esModule'].includes(name));
  faces[entry] = {
    required: names(required).sort(),
    imported: names(imported).sort(),
    isSame: names(required).every((name) => required[name] === imported[name]),
  };
}
process.stdout.write(JSON.stringify(faces));
