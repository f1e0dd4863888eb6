// Next.js calls this once, before the server takes requests: wrong options end the server here, and not a request.

export async function register() {
  if (process.env.NEXT_RUNTIME === 'nodejs') await import('./loggers.js');
}
