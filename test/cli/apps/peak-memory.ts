// Preloaded: writes the largest resident memory of the process into PEAK_MEMORY_FILE when it ends.

import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  writeFileSync(process.env['PEAK_MEMORY_FILE']!, String(process.resourceUsage().maxRSS * 1024));
});
