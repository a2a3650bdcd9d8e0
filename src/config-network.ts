import type { Read } from './config-reader.ts'
import { toBlock } from './http/ip-address.ts'
import type { NetworkSettings } from './http/network-settings.ts'

export const readNetwork = (read: Read): NetworkSettings => ({
  host: read('HOST', toHost),
  publicUrl: read('PUBLIC_URL', toPublicUrl) ?? undefined,
  allowedHosts: read('ALLOWED_HOSTS', listOf(toHostEntry)),
  corsOrigins: read('CORS_ORIGINS', listOf(toOrigin)),
  trustedProxies: read('TRUSTED_PROXIES', listOf(toProxy)),
})

const toHost = (text: string): string | undefined => (/^[\w.:%-]+$/.test(text) ? text : undefined)

/**
 * Reads a comma-separated list; undefined when an entry is not understood. An empty text is an
 * empty list.
 */
const listOf =
  (parse: (entry: string) => string | undefined) =>
  (text: string): string[] | undefined => {
    const entries = text.split(',').map((entry) => entry.trim())
    const values = entries.filter((entry) => entry !== '').map(parse)
    return values.every((value) => value !== undefined) ? [...new Set(values)] : undefined
  }

/**
 * Where clients find the service: an http(s) URL without credentials, query or fragment; null for
 * an empty text.
 */
const toPublicUrl = (text: string): URL | null | undefined => {
  if (text === '') return null
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain =
    url !== undefined && !/[?#]/.test(text) && url.username === '' && url.password === ''
  return isPlain && isHttp(url) && isPath(url.pathname) ? url : undefined
}

/** A host name or IP address, without scheme, port or path; in the form that a URL shows it in. */
const toHostEntry = (entry: string): string | undefined => {
  const bare = entry.replace(/^\[(.*)\]$/, '$1').replace(/(.)\.$/, '$1')
  if (bare.includes(':'))
    return toBlock(bare) && !bare.includes('/') ? bare.toLowerCase() : undefined
  return /^[\w-]+(\.[\w-]+)*$/.test(bare) ? bare.toLowerCase() : undefined
}

/** An origin as browsers send it: scheme, host and, if it is not the scheme's own, port. */
const toOrigin = (entry: string): string | undefined => {
  const url = URL.canParse(entry) ? new URL(entry) : undefined
  return url !== undefined && isHttp(url) && url.origin === entry.toLowerCase().replace(/\/$/, '')
    ? url.origin
    : undefined
}

/** An IP address or a block of them, such as `10.0.0.0/8`. */
const toProxy = (entry: string): string | undefined =>
  toBlock(entry) === undefined ? undefined : entry

const isHttp = ({ protocol }: URL): boolean => protocol === 'http:' || protocol === 'https:'

const isPath = (path: string): boolean => /^(\/[\w.~!$&'()*+;=:@%-]+)*\/?$/.test(path)
