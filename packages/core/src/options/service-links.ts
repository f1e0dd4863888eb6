// Recognises the variables that Kubernetes sets for a service, so that they are not taken for options with a typo.
//
// Kubernetes sets them in every container of a namespace. Their names begin with the name of the service. For a service
// `putlogs-spool` with a port 80 that is called http:
//
//   PUTLOGS_SPOOL_SERVICE_HOST=10.0.0.1            PUTLOGS_SPOOL_PORT_80_TCP=tcp://10.0.0.1:80
//   PUTLOGS_SPOOL_SERVICE_PORT=80                  PUTLOGS_SPOOL_PORT_80_TCP_PROTO=tcp
//   PUTLOGS_SPOOL_SERVICE_PORT_HTTP=80             PUTLOGS_SPOOL_PORT_80_TCP_PORT=80
//   PUTLOGS_SPOOL_PORT=tcp://10.0.0.1:80           PUTLOGS_SPOOL_PORT_80_TCP_ADDR=10.0.0.1
//
// Name and value must both have the form. So a typo is still found, and an option whose name ends in the same way keeps
// its variable.

import { isIP } from 'node:net';

const PORT = /^\d{1,5}$/;
const LINK = /^(?:tcp|udp|sctp):\/\/[^\s/]+:\d{1,5}$/;
const PROTOCOL = /^(?:tcp|udp|sctp)$/;

/** The end of a name, and the form of its value. */
const FORMS: readonly (readonly [name: RegExp, isOfForm: (value: string) => boolean])[] = [
  [/_SERVICE_HOST$/, isAddress],
  [/_SERVICE_PORT(?:_[A-Z0-9_]+)?$/, (value) => PORT.test(value)],
  [/_PORT(?:_\d{1,5}_(?:TCP|UDP|SCTP))?$/, (value) => LINK.test(value)],
  [/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)_PROTO$/, (value) => PROTOCOL.test(value)],
  [/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)_PORT$/, (value) => PORT.test(value)],
  [/_PORT_\d{1,5}_(?:TCP|UDP|SCTP)_ADDR$/, isAddress],
];

/** Whether a variable whose name begins with ours was set for a service. */
export function isOfService(variable: string, value: string): boolean {
  return FORMS.some(([name, isOfForm]) => name.test(variable) && isOfForm(value));
}

function isAddress(value: string): boolean {
  return isIP(value) !== 0;
}
