// The messages of Volcengine TLS, as data that protobufjs can read (`Root.fromJSON`).
//
// put-logs.ts reads its field numbers from this file. In the tests protobufjs reads with it what we write.
// Source: the PutLogs page and the .proto files of the vendor's Go, Java and Python SDKs, which agree on every number.

/**
 * An empty value is written, although proto3 allows to leave it out. It costs two bytes. So the transcoder has no
 * special case for proto2, which requires the value.
 */
const WRITTEN_IF_EMPTY = { features: { field_presence: 'EXPLICIT' } } as const;

export const VOLC_SCHEMA = {
  nested: {
    LogContent: {
      fields: {
        Key: { type: 'string', id: 1, options: WRITTEN_IF_EMPTY },
        Value: { type: 'string', id: 2, options: WRITTEN_IF_EMPTY },
      },
    },
    Log: {
      oneofs: { OptionalTimeNs: { oneof: ['TimeNs'] } },
      fields: {
        Time: { type: 'int64', id: 1 },
        Contents: { rule: 'repeated', type: 'LogContent', id: 2 },
        TimeNs: { type: 'fixed32', id: 3 },
      },
    },
    LogTag: { fields: { Key: { type: 'string', id: 1 }, Value: { type: 'string', id: 2 } } },
    LogGroup: {
      fields: {
        Logs: { rule: 'repeated', type: 'Log', id: 1 },
        Source: { type: 'string', id: 2 },
        LogTags: { rule: 'repeated', type: 'LogTag', id: 3 },
        FileName: { type: 'string', id: 4 },
        ContextFlow: { type: 'string', id: 5 },
      },
    },
    LogGroupList: { fields: { LogGroups: { rule: 'repeated', type: 'LogGroup', id: 1 } } },
  },
} as const;
