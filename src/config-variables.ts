export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export interface Variable {
  readonly name: string
  /** What holds when it is not set; empty: nothing. */
  readonly fallback: string
  readonly about: string
  /** A secret may come from a file instead: NAME_FILE holds its path. */
  readonly isSecret?: true
}

/** Every variable that the service reads, in the order of `.env.example`. */
export const VARIABLES = [
  {
    name: 'DATABASE_URL',
    fallback: 'sqlite:./data/tasks.db',
    about:
      'where the tasks are kept: sqlite:PATH, sqlite::memory: (gone at exit), mongodb://…, mongodb+srv://… or none',
    isSecret: true,
  },
  { name: 'HOST', fallback: '127.0.0.1', about: 'the address to listen on; 0.0.0.0 for all' },
  {
    name: 'PORT',
    fallback: '8000',
    about: 'the port to listen on, 0 to 65535; 0 picks a free one',
  },
  {
    name: 'PUBLIC_URL',
    fallback: '',
    about:
      'the URL that clients use, with the path prefix that a proxy strips: https://tasks.example.com/api/v1',
  },
  {
    name: 'ALLOWED_HOSTS',
    fallback: '',
    about:
      'more host names that clients use, separated by commas, without ports: tasks.example.com',
  },
  {
    name: 'CORS_ORIGINS',
    fallback: '',
    about: 'origins whose web pages may use the API, separated by commas: https://app.example.com',
  },
  {
    name: 'TRUSTED_PROXIES',
    fallback: '',
    about:
      'addresses or CIDR blocks of proxies whose X-Forwarded-For and X-Forwarded-Prefix count, separated by commas: 10.0.0.0/8',
  },
  { name: 'LOG_LEVEL', fallback: 'info', about: `the minimum log level: ${LOG_LEVELS.join(', ')}` },
  {
    name: 'SHUTDOWN_DRAIN_MS',
    fallback: '500',
    about:
      'how long requests are still accepted after SIGTERM before the port closes, 0 to 60000 milliseconds',
  },
  {
    name: 'GITHUB_REPOSITORY',
    fallback: '',
    about: 'the repository whose issues mirror the tasks: owner/name, not a URL',
  },
  {
    name: 'GITHUB_TOKEN',
    fallback: '',
    about: 'a token that may read and write its issues, without spaces or quotes',
    isSecret: true,
  },
  {
    name: 'GITHUB_APP_ID',
    fallback: '',
    about: 'instead of a token: the app ID or the client ID of a GitHub App',
  },
  {
    name: 'GITHUB_APP_PRIVATE_KEY',
    fallback: '',
    about: "the app's private RSA key, PEM (line breaks may be \\n)",
    isSecret: true,
  },
  { name: 'GITHUB_APP_INSTALLATION_ID', fallback: '', about: 'the id of its installation' },
  {
    name: 'GITHUB_API_URL',
    fallback: 'https://api.github.com',
    about:
      'the REST API: https://HOST/api/v3 or https://HOST of a GitHub Enterprise Server, https://SUBDOMAIN.ghe.com (plain http:// on the loopback alone)',
  },
  {
    name: 'GITHUB_WEBHOOK_SECRET',
    fallback: '',
    about: 'the secret of the webhook at POST /github/webhook',
    isSecret: true,
  },
  {
    name: 'GITHUB_WEBHOOK_SECRET_PREVIOUS',
    fallback: '',
    about: 'the previous secret, accepted as well while the secret is being changed',
    isSecret: true,
  },
  {
    name: 'GITHUB_IMPORT',
    fallback: 'none',
    about: 'which new issues become tasks: none, all, or label:NAME',
  },
  {
    name: 'GITHUB_CONFLICT',
    fallback: 'newest',
    about: 'which side wins if both changed the same field: newest, task or github',
  },
  {
    name: 'GITHUB_CREATE_WAIT_MS',
    fallback: '3000',
    about:
      'how long the response to a create waits for its issue, 0 to 30000 milliseconds; 0: not at all',
  },
  {
    name: 'GITHUB_REQUEST_TIMEOUT_MS',
    fallback: '10000',
    about: 'how long a call to GitHub may take, 1 to 600000 milliseconds',
  },
  {
    name: 'GITHUB_WRITE_INTERVAL_MS',
    fallback: '1000',
    about: 'the minimum time between two writes to GitHub, 0 to 600000 milliseconds',
  },
  {
    name: 'GITHUB_CREATES_PER_MINUTE',
    fallback: '15',
    about: 'the maximum number of issues created per minute, 1 to 1000000',
  },
  {
    name: 'GITHUB_CREATES_PER_HOUR',
    fallback: '120',
    about: 'the maximum number of issues created per hour, 1 to 1000000',
  },
  {
    name: 'GITHUB_LOOKUP_DELAYS_MS',
    fallback: '30000,120000,600000',
    about:
      'delays before searching for an issue whose creation was not confirmed, in milliseconds, separated by commas',
  },
  {
    name: 'GITHUB_SWEEP_INTERVAL_MS',
    fallback: '300000',
    about: 'how often GitHub is polled for changes, 10 to 86400000 milliseconds',
  },
  {
    name: 'GITHUB_RETRY_BASE_MS',
    fallback: '2000',
    about:
      'the first delay after a failure, which doubles up to an hour, 1 to 3600000 milliseconds',
  },
  {
    name: 'GITHUB_LEASE_MS',
    fallback: '15000',
    about:
      'the lease of the sync worker: how long after its death another process takes over, 100 to 600000 milliseconds',
  },
] as const satisfies readonly Variable[]

export type VariableName = (typeof VARIABLES)[number]['name']
