// The entry point of the package for `require`.
import { PutlogsTransport } from './transport';

export { PutlogsTransport, type PutlogsTransportOptions } from './transport';
export default PutlogsTransport;
