// Node's own AbortController. jsdom, as an environment of Jest, has another one in its place, which Node's functions
// refuse.

import { runInThisContext } from 'node:vm';

/** Of the main context, whatever context this module is loaded in. */
export const NodeAbortController = runInThisContext('AbortController') as typeof AbortController;
