// The notice about directories in the spool that are for another destination. This process never sends them.
//
// SLS: the name of a project is unique only within its region (CreateProject). So a Logstore without a known region
// does not count as the one of the same name in a known region, although it mostly is that one. Otherwise records could
// reach another account, or leave their region. The notice names the option that makes both the same destination.

/** @param own the destination of this process. Both destinations are canonical texts. */
export function elsewhereNotice(directories: number, destination: string, own: string): string {
  const what = directories === 1 ? 'a directory' : `${directories} directories`;
  const where = `${destination}${destination === own ? ' in the layout of another target' : ''}`;
  const hint = regionHint(destination, own);
  return `the spool holds ${what} for another destination, ${where}, which this process does not send (putlogs spool ls)${hint === undefined ? '' : `; ${hint}`}`;
}

/** Returns what to change if both are the same Logstore; undefined if nothing suggests that they are. */
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
