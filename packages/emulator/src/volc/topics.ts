// DescribeTopic: what a topic is, in the JSON of the service.

import { type Answer, answerJson, type Refusal } from '../answer.js';
import type { Ledger } from '../ledger.js';
import type { ResolvedOptions } from '../options.js';
import { type ApiRequest, parameter } from '../request.js';
import { shownTime } from './indexes.js';
import { invalidArgument, refuse } from './refusal.js';

const TTL_DAYS = 30;

export function describeTopic(request: ApiRequest, ledger: Ledger, options: ResolvedOptions): Answer | Refusal {
  const topicId = parameter(request, 'TopicId') ?? '';
  if (topicId === '') return invalidArgument('TopicId', '');
  const topic = ledger.store('tls', topicId);
  if (!topic) return refuse('TopicNotExist');
  const shardCount = topic.shards.ranges.length;
  return answerJson({
    TopicName: topicId,
    ProjectId: 'emulator',
    TopicId: topicId,
    Ttl: TTL_DAYS,
    CreateTime: shownTime(topic.createdMs),
    ModifyTime: shownTime(topic.createdMs),
    ShardCount: shardCount,
    Description: '',
    AutoSplit: false,
    MaxSplitShard: shardCount,
    EnableTracking: !options.webTrackingOff.includes(topicId),
    Tags: [],
    LogPublicIP: false,
    EnableHotTtl: false,
  });
}
