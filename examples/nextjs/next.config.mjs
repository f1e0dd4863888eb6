export default {
  output: 'standalone',
  // The transports start worker threads from files of these packages. In a chunk there would be no such files.
  serverExternalPackages: ['@putlogs/pino', '@putlogs/winston'],
};
