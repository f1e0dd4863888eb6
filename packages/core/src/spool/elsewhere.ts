// What a process says of directories in its spool that are for another destination: it never sends them.
//
// SLS: a project's name is unique within its region only (CreateProject). So a Logstore of an unknown region is not
// taken for the one of a known region, although it mostly is: the records could be another account's, or leave the
// region. The notice names the option that makes both the same.

/** @param own the destination of this process, canonical as the other one */
export function elsewhereNotice(directories: number, destination: string, own: string): string {
  const what = directories === 1 ? 'a directory' : `${directories} directories`;
  const where = `${destination}${destination === own ? ' in the layout of another target' : ''}`;
  const hint = regionHint(destination, own);
  return `the spool holds ${what} for another destination, ${where}, which this process does not send (putlogs spool ls)${hint === undefined ? '' : `; ${hint}`}`;
}

/** What to change if both are the same Logstore; undefined if nothing suggests that. */
export function regionHint(destination: string, own: string): string | undefined {
  const [other, mine] = [logstoreIn(destination), logstoreIn(own)];
  if (other === undefined || mine === undefined) return undefined;
  if (other.project !== mine.project || other.logstore !== mine.logstore || other.region === mine.region) {
    return undefined;
  }
  if (other.region === '') {
    return 'the process that left it did not know its region: if it is the same Logstore, run putlogs spool replay with the options of that process, without region';
  }
  const now = mine.region === '' ? 'does not know its region' : `writes to region ${JSON.stringify(mine.region)}`;
  return `this process ${now}: if it is the same Logstore, set region: ${JSON.stringify(other.region)} (PUTLOGS_REGION)`;
}

function logstoreIn(text: string): { project: string; logstore: string; region: string } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { project, logstore, region } = value as Record<string, unknown>;
  if (typeof project !== 'string' || typeof logstore !== 'string' || typeof region !== 'string') return undefined;
  return { project, logstore, region };
}
