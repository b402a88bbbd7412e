declare module 'cloudflare:sockets' {
  export const connect: import('./worker-socket.ts').SocketConnect
}
