// Takes: a request whose body should be a JSON object. Gives: the object, or `null`. Keeps: nothing.
// Never: minds the method or the Content-Type: the official SDKs send JSON bodies with GET too.
import type { ApiRequest } from './request.js';

export function readJsonBody(request: Pick<ApiRequest, 'body'>): Record<string, unknown> | null {
  if (request.body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(request.body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Not JSON at all: the same answer.
  }
  return null;
}
