// The credentials of the function's role, as they came with the latest request.

let latest;

export function remember(credentials) {
  latest = credentials;
}

/** The transport asks for them when it has none, and when the service has refused those it has. */
export default function credentials() {
  return latest;
}
