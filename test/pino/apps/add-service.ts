// The first stage of a pipeline: adds a field to each record.
import { Transform, type TransformCallback } from 'node:stream';

export default function addService(): Transform {
  let rest = '';
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.push(`${JSON.stringify({ ...JSON.parse(line), service: 'shop' })}\n`);
      done();
    },
  });
}
