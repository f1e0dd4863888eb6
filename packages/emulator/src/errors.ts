// The errors that the package throws. Each has a stable `code`, and no message contains a secret.

/**
 * The stable codes:
 * - `ERR_EMULATOR_OPTIONS`: an option of `createEmulator` is invalid; the message names it.
 * - `ERR_EMULATOR_FAULT_RULE`: a fault rule is invalid; the message names the field.
 * - `ERR_EMULATOR_PORT_IN_USE`: another process listens on the port.
 * - `ERR_EMULATOR_LISTEN`: listening on the address failed for another reason, which is the `cause`.
 */
export type EmulatorErrorCode =
  | 'ERR_EMULATOR_OPTIONS'
  | 'ERR_EMULATOR_FAULT_RULE'
  | 'ERR_EMULATOR_PORT_IN_USE'
  | 'ERR_EMULATOR_LISTEN';

/** Check `code` to recognise it: `instanceof` fails if two copies of the package are loaded. */
export class EmulatorError extends Error {
  readonly code: EmulatorErrorCode;

  constructor(code: EmulatorErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EmulatorError';
    this.code = code;
  }
}
