// Decides whether a transport takes an info: by its level, and by whether it is an uncaught exception.
//
// The rules are those of winston-transport. That one throws for what is not an info, and for every info if it has a
// level of its own and no logger. Here a value without a level is taken: nothing says that it is not wanted.

const LEVEL = Symbol.for('level');

/** What winston has set on a transport. */
export interface Wanting {
  readonly silent?: boolean;
  readonly handleExceptions?: boolean;
  readonly level?: string;
  /** Of the first logger. */
  readonly levels?: Readonly<Record<string, number>>;
  readonly parent?: { readonly level?: string } | null;
}

export function isWanted(info: unknown, wanting: Wanting): boolean {
  if (wanting.silent === true) return false;
  try {
    const {
      exception,
      level,
      [LEVEL]: own = level,
    } = info as { exception?: unknown; level?: unknown; [LEVEL]?: unknown };
    if (exception === true && wanting.handleExceptions !== true) return false;
    const { levels } = wanting;
    const least = wanting.level || wanting.parent?.level;
    if (!least || levels === undefined || own === undefined) return true;
    return levels[least]! >= levels[own as string]!;
  } catch {
    // It cannot be read. What can be said of it is in the record.
    return true;
  }
}
