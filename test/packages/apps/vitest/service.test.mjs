import { afterAll, expect, test } from 'vitest';
import { flush, order } from './service.mjs';

// Without it the suite ends as well; with it the test can tell what was delivered.
afterAll(() => (process.env.FLUSH === 'no' ? undefined : flush()));

test('one order', () => expect(order(1)).toBe(undefined));
test('another order', () => expect(order(2)).toBe(undefined));
