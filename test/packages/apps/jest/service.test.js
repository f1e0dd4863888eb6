const { flush, order } = require('./service.js');

// Without it the suite ends as well; with it the test can tell what was delivered.
afterAll(() => (process.env.FLUSH === 'no' ? undefined : flush()));

test('one order', () => order(1));
test('another order', () => order(2));
