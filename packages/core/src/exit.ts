// The one listener on the process's end, for however many shippers there are.
// Takes: those who have something to save. Gives: them a call when the process is about to end. Keeps: them, strongly,
// as long as they are here: a logger that nobody refers to any more may still have records on their way.
// Never: a signal handler; and no listener at all while nobody is here.

export interface Leaver {
  /** The loop is empty, but may go on: work that is started here is waited for. */
  beforeExit(): void;
  /** The process ends after this call; only what is done before it returns is done. */
  exit(): void;
}

const leavers = new Set<Leaver>();

export function enterExit(leaver: Leaver): void {
  if (leavers.size === 0) {
    process.on('beforeExit', beforeExit);
    process.on('exit', exit);
  }
  leavers.add(leaver);
}

export function leaveExit(leaver: Leaver): void {
  if (!leavers.delete(leaver) || leavers.size > 0) return;
  process.off('beforeExit', beforeExit);
  process.off('exit', exit);
}

function beforeExit(): void {
  for (const leaver of [...leavers]) leaver.beforeExit();
}

function exit(): void {
  for (const leaver of [...leavers]) leaver.exit();
}
