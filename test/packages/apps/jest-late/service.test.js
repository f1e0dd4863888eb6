const { start } = require('./service.js');

test('the service starts', async () => {
  const { log, goOnAfterTheEnd } = await start();
  for (const text of (process.env.EARLY ?? '').split(',').filter((each) => each !== '')) log(text);
  goOnAfterTheEnd();
});
