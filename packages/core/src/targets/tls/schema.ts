// The messages of Volcengine TLS, as data that protobufjs reads (`Root.fromJSON`).
// It is what the envelope's field numbers are taken from, and in the tests the oracle of what is written.
// Source: the PutLogs page and the .proto files of the vendor's Go, Java and Python SDKs, which agree on every number.

/**
 * An empty value is written and not left out. proto3 reads both alike, so this costs two bytes and spares the
 * transcoder a case: services that speak proto2 do not accept a content without its value.
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
