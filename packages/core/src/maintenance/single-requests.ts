// Makes single requests with the options of a transport, for commands: none is repeated, except for a wrong clock.

import type { CredentialSource } from '../credentials/source';
import { BatchSender } from '../delivery/batch-sender';
import type { Options } from '../options/schema';
import { systemClock } from '../runtime/clock';
import { networkOf } from '../shipper/network';
import { createSigner } from '../shipper/signer';
import type { Target } from '../targets/target';

export interface SingleRequests {
  readonly target: Target;
  readonly credentials: CredentialSource;
  readonly sender: BatchSender;
  close(): Promise<void>;
}

export interface SingleRequestsEvents {
  /** Called with the reason if the source of credentials returned none. */
  readonly onNoKey: (reason: string) => void;
  /** Called if the machine's clock is wrong, with the milliseconds by which the service's clock is ahead of it. */
  readonly onClockOff: (aheadMs: number) => void;
}

/** @param maxAnswerBytes default: that of a transport */
export function openSingleRequests(
  options: Options,
  { onNoKey, onClockOff }: SingleRequestsEvents,
  maxAnswerBytes?: number,
): SingleRequests {
  const { credentials, target } = createSigner(options, systemClock);
  credentials.listen({ renewed: () => {}, failed: onNoKey });
  const sender = new BatchSender({
    target,
    credentials,
    clock: systemClock,
    connections: 1,
    timeoutMs: options.requestTimeoutMs,
    ...(maxAnswerBytes === undefined ? {} : { maxAnswerBytes }),
    network: networkOf(options),
    onRequest: () => {},
    onClockOff,
  });
  const close = async () => {
    credentials.close();
    await sender.close();
  };
  return { target, credentials, sender, close };
}
