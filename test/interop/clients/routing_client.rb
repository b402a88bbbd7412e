# Writes and reads texts on several servers with Dalli: one job as JSON on stdin, its results as JSON on stdout.
require 'dalli'
require 'json'

def spec(server)
  return "#{server['path']}:#{server['weight']}" if server['path']

  host = server['host'].include?(':') ? "[#{server['host']}]" : server['host']
  "#{host}:#{server['port']}:#{server['weight']}"
end

Dalli.logger.level = Logger::FATAL
job = JSON.parse($stdin.read)
client = Dalli::Client.new(job['servers'].map { |server| spec(server) }, job['options'].transform_keys(&:to_sym))
stored = job['set'].map { |key, text| client.set(key, text) ? true : false }
found = job['get'].map { |key| client.get(key) }
puts JSON.generate(version: Dalli::VERSION, stored: stored, found: found)
