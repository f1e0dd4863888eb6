// Without `nextTick`, on which the streams of winston itself depend.
const fake = () => jest.useFakeTimers({ doNotFake: ['nextTick'] });
if (process.env.FAKE === 'before') fake();
const { flush, order } = require('./service.js');
if (process.env.FAKE === 'after') fake();

// Without it the suite ends as well; with it the test can tell what was delivered.
afterAll(() => (process.env.FLUSH === 'no' ? undefined : flush()));

test('one order', () => order(1));
test('another order', () => order(2));
