// The face of the package for `require`. Takes and keeps nothing; gives the transport; never anything else.
import { PutlogsTransport } from './transport';

export { PutlogsTransport, type PutlogsTransportOptions } from './transport';
export default PutlogsTransport;
