import { BlockList, isIP } from 'node:net'
import { type Installation, type Manifest, ofKind, type Rule, titleOf } from './manifest.ts'
import type { Peer, Traffic } from './shapes.ts'

const policiesOf = (installation: Installation): readonly Manifest[] => ofKind(installation, 'NetworkPolicy')

const peersOf = ({ spec }: Manifest): readonly Peer[] =>
  [...(spec?.ingress ?? []), ...(spec?.egress ?? [])].flatMap(({ from = [], to = [] }) => [...from, ...to])

/** Each CIDR is one, and what is left out of it lies in it. */
export const cidrs: Rule = (installation) =>
  policiesOf(installation).flatMap((policy) =>
    peersOf(policy).flatMap(({ ipBlock }) => {
      if (ipBlock === undefined) return []
      const { cidr, except = [] } = ipBlock
      const wrong = [cidr, ...except].filter((text) => parseCidr(text) === undefined)
      if (wrong.length > 0) return wrong.map((text) => `${titleOf(policy)}: ${text} is no CIDR`)
      return except.filter((inner) => !contains(cidr, inner)).map((inner) => `${titleOf(policy)}: ${inner} is not in ${cidr}`)
    }),
  )

interface Cidr {
  readonly address: string
  readonly bits: number
  readonly family: 'ipv4' | 'ipv6'
}

const parseCidr = (text: string): Cidr | undefined => {
  const [, address = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const version = isIP(address)
  const bits = Number(digits)
  if (version === 0 || bits > (version === 4 ? 32 : 128)) return undefined
  return { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' }
}

/** Whether one CIDR, which is valid, holds the whole of another. */
const contains = (outer: string, inner: string): boolean => {
  const [wide, narrow] = [parseCidr(outer), parseCidr(inner)]
  if (wide === undefined || narrow === undefined || wide.family !== narrow.family || wide.bits > narrow.bits) return false
  const block = new BlockList()
  block.addSubnet(wide.address, wide.bits, wide.family)
  return block.check(narrow.address, narrow.family)
}

const DIRECTIONS = ['Ingress', 'Egress']

/** Where there are policies, and in production, one denies every pod both directions by default. */
export const defaultDeny: Rule = (installation) => {
  const policies = policiesOf(installation)
  const isGoverned = installation.isProduction || policies.length > 0
  return isGoverned && !policies.some(({ spec }) => isDefaultDeny(spec ?? {})) ? ['no NetworkPolicy denies by default'] : []
}

const isDefaultDeny = ({ podSelector, policyTypes = [], ingress = [], egress = [] }: NonNullable<Manifest['spec']>): boolean =>
  podSelector !== undefined &&
  Object.keys(podSelector).length === 0 &&
  DIRECTIONS.every((direction) => policyTypes.includes(direction)) &&
  ingress.length + egress.length === 0

/** What a policy allows names its peers and its ports. */
export const namedTraffic: Rule = (installation) =>
  policiesOf(installation).flatMap((policy) => [
    ...(policy.spec?.ingress ?? [])
      .filter((one) => isOpen(one, one.from))
      .map(() => `${titleOf(policy)} lets in more than it names`),
    ...(policy.spec?.egress ?? [])
      .filter((one) => isOpen(one, one.to))
      .map(() => `${titleOf(policy)} lets out more than it names`),
  ])

const isOpen = ({ ports = [] }: Traffic, peers: readonly Peer[] = []): boolean => peers.length === 0 || ports.length === 0

/** Whoever may reach something by name may ask for the name, by UDP and by TCP. */
export const dns: Rule = (installation) =>
  policiesOf(installation)
    .filter(({ spec }) => (spec?.egress ?? []).length > 0)
    .flatMap((policy) =>
      ['UDP', 'TCP']
        .filter((protocol) => !opens(policy, protocol, 53))
        .map((protocol) => `${titleOf(policy)} lets no DNS out by ${protocol}`),
    )

/** In production the service reaches MongoDB and GitHub. */
export const reach: Rule = (installation) => {
  if (!installation.isProduction) return []
  return [27017, 443]
    .filter((port) => !policiesOf(installation).some((policy) => opens(policy, 'TCP', port)))
    .map((port) => `no NetworkPolicy lets TCP out to port ${port}`)
}

const opens = ({ spec }: Manifest, wanted: string, number: number): boolean =>
  (spec?.egress ?? []).some(({ ports = [] }) =>
    ports.some(({ protocol = 'TCP', port }) => protocol === wanted && port === number),
  )
