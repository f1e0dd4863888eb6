// The state of one resolution of options, which the steps in resolve.ts fill.

import type { Tree } from './option-tree';
import type { Problem } from './problems';

/** One source of options: the object of a program, the flags of a command, or a config file. */
export interface Given {
  readonly options: unknown;
  /** Returns the name of an option in this source: `--batch-max-bytes`, or the file's name. Absent for an object. */
  readonly nameOf?: (path: string) => string;
}

/** From where a value came. */
export type Origin =
  | { readonly kind: 'given'; readonly name: string }
  | { readonly kind: 'variable'; readonly name: string }
  /** One of the vendor's own variables. */
  | { readonly kind: 'vendor variable'; readonly name: string }
  /** Derived from another value, which `name` describes. */
  | { readonly kind: 'derived'; readonly name: string }
  | { readonly kind: 'default'; readonly name: '' };

export interface Resolution {
  /** The options so far, unchecked. */
  readonly tree: Tree;
  /** The origin of each value in the tree. */
  readonly origins: Map<string, Origin>;
  readonly problems: Problem[];
  readonly environment: NodeJS.ProcessEnv;
  /** How a user sets an option, for the message about a missing one. */
  readonly setBy: (path: string) => string;
}
