// A refusal of the service, or a failure of the network, on one line.

import { outsideText } from '@putlogs/core/tools';

const MAX_MESSAGE_CHARACTERS = 300;

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  readonly requestId?: string;
}

/** `TopicNotExist (HTTP 404): Topic does not exist. [request abc]` */
export function shownRefusal({ code, message, status, requestId }: Refusal): string {
  const http = status === undefined || code.startsWith('HTTP') ? '' : ` (HTTP ${status})`;
  const request = requestId === undefined ? '' : ` [request ${requestId}]`;
  return `${code}${http}: ${outsideText(message, MAX_MESSAGE_CHARACTERS)}${request}`;
}
