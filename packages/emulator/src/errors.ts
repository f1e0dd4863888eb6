// The errors of the public edge. Gives: EmulatorError with a stable `code`. Never: a secret in a message.

/**
 * The stable codes:
 * - `ERR_EMULATOR_OPTIONS`: an option of `createEmulator` is wrong; the message names it.
 * - `ERR_EMULATOR_FAULT_RULE`: a fault rule is wrong; the message names the field.
 * - `ERR_EMULATOR_PORT_IN_USE`: another process listens on the port.
 * - `ERR_EMULATOR_LISTEN`: the address cannot be listened on for another reason, kept as `cause`.
 */
export type EmulatorErrorCode =
  | 'ERR_EMULATOR_OPTIONS'
  | 'ERR_EMULATOR_FAULT_RULE'
  | 'ERR_EMULATOR_PORT_IN_USE'
  | 'ERR_EMULATOR_LISTEN';

/** An error to be told by its `code`; a class check fails when two copies of the package are loaded. */
export class EmulatorError extends Error {
  readonly code: EmulatorErrorCode;

  constructor(code: EmulatorErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EmulatorError';
    this.code = code;
  }
}
