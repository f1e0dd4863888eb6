module.exports = {
  apps: [
    {
      name: 'orders',
      cwd: __dirname,
      script: 'server.js',
      exec_mode: 'cluster',
      instances: 2,
      // pm2 kills after 1.6 s unless told otherwise; closeTimeoutMs is 8 s, and requests may still be answered before.
      kill_timeout: 12_000,
    },
  ],
};
