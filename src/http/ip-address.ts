import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/**
 * Reads an address as sockets and URLs write it, an IPv4-mapped one as IPv4. Undefined for a name
 * or a shorthand such as `127.1`.
 */
export const toAddress = (text: string): Address | undefined => {
  const bare = text.replace(/^\[(.*)\]$/, '$1')
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(bare) || ipaddr.IPv6.isValid(bare)
  return isAddress ? ipaddr.process(bare) : undefined
}

export const isLoopbackAddress = (text: string): boolean => toAddress(text)?.range() === 'loopback'

/** Whether an address is in one of these blocks (`10.0.0.0/8`, `fd00::/8`, or a single address). */
export const createAddressMatcher = (blocks: readonly string[]): ((address: string) => boolean) => {
  const ranges = blocks.map(toBlock).filter((range) => range !== undefined)
  return (text) => {
    const address = toAddress(text)
    return address !== undefined && ranges.some((range) => matches(address, range))
  }
}

/** Reads a block or a single address; undefined for anything else. */
export const toBlock = (text: string): [Address, number] | undefined => {
  if (ipaddr.isValidCIDR(text)) return toIPv4Block(ipaddr.parseCIDR(text))
  const address = toAddress(text)
  return address && [address, address.kind() === 'ipv4' ? 32 : 128]
}

/** A block of IPv4-mapped addresses is the block of IPv4 addresses that it maps. */
const toIPv4Block = ([address, bits]: [Address, number]): [Address, number] =>
  address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96
    ? [address.toIPv4Address(), bits - 96]
    : [address, bits]

const matches = (address: Address, [network, bits]: [Address, number]): boolean =>
  address.kind() === network.kind() && address.match(network, bits)
