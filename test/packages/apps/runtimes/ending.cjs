// A transform that ends the worker that it runs in, at the record with the number 500, once.
const { existsSync, writeFileSync } = require('node:fs');

const { ENDED, HOW } = process.env;

module.exports = (record) => {
  if (Number(record.n) !== 500 || existsSync(ENDED)) return record;
  writeFileSync(ENDED, '');
  if (HOW === 'exit') process.exit(7);
  if (HOW === 'reject') void Promise.reject(new Error('on purpose'));
  if (HOW === 'throw') {
    process.nextTick(() => {
      throw new Error('on purpose');
    });
  }
  return record;
};
