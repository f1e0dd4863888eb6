// The control API below /_emulator/: statistics, logs and the fault script, as JSON.
//
// It needs no signature, and fault rules do not apply to it. local-access.ts decides who may use it.

import { type Answer, answerJson } from './answer.js';
import { foreignAccess, type Listening } from './local-access.js';
import type { ApiRequest } from './request.js';
import { parameter } from './request.js';
import type { Service } from './service.js';

const DEFAULT_LIMIT = 1000;
const MAX_LIMIT = 10_000;

/** A refusal of the control API, in the form of TLS. */
export function problem(status: number, code: string, message: string): Answer {
  return { ...answerJson({ ErrorCode: code, ErrorMessage: message }, status), code };
}

export function answerControl(request: ApiRequest, service: Service, listening: Listening): Answer {
  const foreign = foreignAccess(request, listening);
  if (foreign !== undefined) return problem(403, 'Forbidden', foreign);
  switch (`${request.method} ${request.path}`) {
    case 'GET /_emulator/stats':
      return answerJson(service.stats());
    case 'GET /_emulator/logs':
      return answerLogs(request, service);
    case 'DELETE /_emulator/logs':
      service.reset();
      return answerJson({});
    case 'GET /_emulator/faults':
      return answerJson({ rules: service.faults.report() });
    case 'PUT /_emulator/faults':
      return replaceFaults(request, service);
    default: {
      const known = /^\/_emulator\/(?:stats|logs|faults)$/.test(request.path);
      return known
        ? problem(405, 'MethodNotSupport', 'The method is not supported.')
        : problem(404, 'PathNotFound', 'The emulator has no such path.');
    }
  }
}

function answerLogs(request: ApiRequest, service: Service): Answer {
  const after = wholeParameter(request, 'after', 0);
  if (after === null) return problem(400, 'InvalidArgument', 'after must be a sequence number');
  const limit = wholeParameter(request, 'limit', DEFAULT_LIMIT);
  if (limit === null || limit < 1 || limit > MAX_LIMIT) {
    return problem(400, 'InvalidArgument', `limit must be a whole number between 1 and ${MAX_LIMIT}`);
  }
  const where = Object.fromEntries(
    (['topicId', 'project', 'logstore'] as const).flatMap((name) => {
      const value = parameter(request, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const logs = service.logs({ after, limit, ...where });
  return answerJson({ logs, next: logs.at(-1)?.sequence ?? after });
}

function replaceFaults(request: ApiRequest, service: Service): Answer {
  let script: unknown;
  try {
    script = JSON.parse(request.body.toString('utf8'));
  } catch {
    return problem(400, 'BadRequest', 'The body is not JSON.');
  }
  const list = typeof script === 'object' && script !== null && 'rules' in script ? script.rules : script;
  const wrong = service.replaceFaults(list);
  return wrong === null ? answerJson({ rules: service.faults.report() }) : problem(400, 'InvalidArgument', wrong);
}

function wholeParameter(request: ApiRequest, name: string, fallback: number): number | null {
  const text = parameter(request, name);
  if (text === undefined) return fallback;
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
