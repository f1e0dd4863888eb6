// The variables that Kubernetes sets in each container for a service, by the rule of its documentation: the name of the
// service in capitals, with `_` for `-`.

export interface ServicePort {
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** Absent if the service has one port. */
  readonly name?: string;
}

export const SERVICE_PORTS: readonly ServicePort[] = [
  { port: 80, protocol: 'TCP', name: 'http' },
  { port: 9090, protocol: 'TCP', name: 'metrics-dir' },
  { port: 53, protocol: 'UDP', name: 'dns' },
  { port: 3868, protocol: 'SCTP', name: 'file' },
];

export function variablesOfService(
  name: string,
  address = '10.0.0.11',
  ports: readonly ServicePort[] = SERVICE_PORTS,
): Record<string, string> {
  const service = inCapitals(name);
  const link = ({ port, protocol }: ServicePort) =>
    `${protocol.toLowerCase()}://${address.includes(':') ? `[${address}]` : address}:${port}`;
  const [first] = ports;
  const variables: Record<string, string> = {
    [`${service}_SERVICE_HOST`]: address,
    [`${service}_SERVICE_PORT`]: String(first!.port),
    [`${service}_PORT`]: link(first!),
  };
  for (const each of ports) {
    if (each.name !== undefined) variables[`${service}_SERVICE_PORT_${inCapitals(each.name)}`] = String(each.port);
    const prefix = `${service}_PORT_${each.port}_${each.protocol}`;
    variables[prefix] = link(each);
    variables[`${prefix}_PROTO`] = each.protocol.toLowerCase();
    variables[`${prefix}_PORT`] = String(each.port);
    variables[`${prefix}_ADDR`] = address;
  }
  return variables;
}

function inCapitals(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
