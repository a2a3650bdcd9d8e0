const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * The root of the REST API, without a slash at its end, for the URL of the API or of the server.
 * Undefined for any other URL.
 *
 * - GitHub Enterprise Server: https://HOST/api/v3
 *   (https://docs.github.com/enterprise-server/rest/using-the-rest-api)
 * - GHE.com: https://api.SUBDOMAIN.ghe.com
 *   (https://docs.github.com/enterprise-cloud@latest/admin/data-residency)
 * - github.com: https://api.github.com
 * - the loopback: any path, and plain HTTP
 */
export const toApiUrl = (text: string): string | undefined => {
  if (/[?#@]/.test(text) || !URL.canParse(text)) return undefined
  const { protocol, hostname, origin, pathname } = new URL(text)
  const path = pathname.replace(/\/+$/, '')
  if (LOOPBACK.has(hostname) && /^https?:$/.test(protocol)) return origin + path
  if (protocol !== 'https:') return undefined
  if (/(?:^|\.)(?:github|ghe)\.com$/.test(hostname))
    return path === '' ? toCloudApi(hostname) : undefined
  if (path === '') return `${origin}/api/v3`
  return /^(?:\/[^/]+)*\/api\/v3$/.test(path) ? origin + path : undefined
}

const toCloudApi = (hostname: string): string | undefined => {
  if (hostname === 'github.com' || hostname === 'api.github.com') return 'https://api.github.com'
  const subdomain = /^(?:api\.)?([^.]+)\.ghe\.com$/.exec(hostname)?.[1]
  return subdomain === undefined || subdomain === 'api'
    ? undefined
    : `https://api.${subdomain}.ghe.com`
}
