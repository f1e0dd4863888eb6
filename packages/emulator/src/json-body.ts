// Reads a request body that should be a JSON object.
//
// The method and the Content-Type are ignored, because the official SDKs also send JSON bodies with GET.

import type { ApiRequest } from './request.js';

export function readJsonBody(request: Pick<ApiRequest, 'body'>): Record<string, unknown> | null {
  if (request.body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(request.body.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // A body that is no JSON has the same result.
  }
  return null;
}
