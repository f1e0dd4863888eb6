import { pinoLogger, winstonLogger } from '../../../loggers.js';

export async function GET(_request, { params }) {
  const { order } = await params;
  pinoLogger.info({ order }, 'order read');
  winstonLogger.info('order checked', { order });
  return Response.json({ order });
}
