// Reads one page of a shard with the vendor's package @alicloud/sls20201230: in protobuf, with the cursor of the next
// page.
//
// The package's own `pullLogs` names no project, and reads the answer as JSON. This function makes the same call
// correctly.

export interface PullingClient {
  execute(
    params: unknown,
    request: unknown,
    runtime: unknown,
  ): Promise<{ headers: Record<string, string>; body: Buffer }>;
}

export async function pull(sdk: PullingClient, project: string, logstore: string, shard: string, cursor: string) {
  const params = {
    action: 'PullLogs',
    version: '2020-12-30',
    protocol: 'HTTP',
    pathname: `/logstores/${logstore}/shards/${shard}?type=log`,
    method: 'GET',
    authType: 'AK',
    style: 'ROA',
    reqBodyType: 'none',
    bodyType: 'byte',
  };
  const request = { hostMap: { project }, headers: {}, query: { cursor, count: '1000' } };
  const { headers, body } = await sdk.execute(params, request, {});
  return { page: body.toString('base64'), next: headers['x-log-cursor']! };
}
