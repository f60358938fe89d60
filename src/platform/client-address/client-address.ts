// Whose address a request comes from: the connection's, or what a proxy that the operator trusts says in X-Forwarded-For.
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

export type AddressOf = (req: Pick<IncomingMessage, 'headers' | 'socket'>) => string;

/** `trusted`: addresses and networks (`10.0.0.0/8`) of proxies. What a client writes into the header itself is never believed. */
export function createAddressOf(trusted: readonly string[]): AddressOf {
  const proxies = networksOf(trusted);
  const isProxy = (address: string): boolean =>
    isIP(address) > 0 && proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return ({ headers, socket }) => {
    let address = plain(socket.remoteAddress ?? '');
    const said = trusted.length === 0 ? undefined : headers['x-forwarded-for'];
    if (said === undefined || !isProxy(address)) return address;
    // each proxy appends whom it heard from: read from the end for as long as the one who said it is trusted
    const hops = String(said)
      .split(',')
      .map((hop) => plain(withoutPort(hop.trim())));
    while (isProxy(address)) {
      const before = hops.pop();
      if (before === undefined || isIP(before) === 0) break;
      address = before;
    }
    return address;
  };
}

export function networksOf(list: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const entry of list) {
    const [address = '', bits] = entry.split('/', 2);
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) networks.addAddress(address, family);
    else networks.addSubnet(address, Number(bits), family);
  }
  return networks;
}

/** `1.2.3.4:5678`, `[2001:db8::1]:5678` */
const withoutPort = (hop: string): string => /^\[([^\]]+)\]/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;

/** An IPv4 client of a socket that listens on IPv6 too is still an IPv4 client. */
const plain = (address: string): string => /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
