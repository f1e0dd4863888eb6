// Takes: requests below /_emulator/. Gives: statistics, logs and the fault script, as JSON. Keeps: nothing.
// Never: asks for a signature, and never is a fault rule's prey: this is the test's own door.
import { type Answer, answerJson, answerRefusal, invalidArgument, refuse } from './answer.js';
import type { ApiRequest } from './request.js';
import { parameter } from './request.js';
import type { Service } from './service.js';

const DEFAULT_LIMIT = 1000;
const MAX_LIMIT = 10_000;

export function answerControl(request: ApiRequest, service: Service): Answer {
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
      return answerRefusal(refuse(known ? 'MethodNotSupport' : 'PathNotFound'));
    }
  }
}

function answerLogs(request: ApiRequest, service: Service): Answer {
  const after = wholeParameter(request, 'after', 0);
  if (after === null) return answerRefusal(invalidArgument('after', parameter(request, 'after') ?? ''));
  const limit = wholeParameter(request, 'limit', DEFAULT_LIMIT);
  if (limit === null || limit < 1 || limit > MAX_LIMIT) {
    return answerRefusal(invalidArgument('limit', parameter(request, 'limit') ?? '', `1 to ${MAX_LIMIT}`));
  }
  const topicId = parameter(request, 'topicId');
  const logs = service.logs({ after, limit, ...(topicId === undefined ? {} : { topicId }) });
  return answerJson({ logs, next: logs.at(-1)?.sequence ?? after });
}

function replaceFaults(request: ApiRequest, service: Service): Answer {
  let script: unknown;
  try {
    script = JSON.parse(request.body.toString('utf8'));
  } catch {
    return answerRefusal(refuse('BadRequest', 'The body is not JSON.'));
  }
  const list = typeof script === 'object' && script !== null && 'rules' in script ? script.rules : script;
  const problem = service.replaceFaults(list);
  return problem === null
    ? answerJson({ rules: service.faults.report() })
    : answerRefusal(refuse('InvalidArgument', problem));
}

function wholeParameter(request: ApiRequest, name: string, fallback: number): number | null {
  const text = parameter(request, name);
  if (text === undefined) return fallback;
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
