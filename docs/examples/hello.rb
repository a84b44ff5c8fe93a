# Says hello, works for a moment, and says so: what dcron's quickstart runs every five seconds.
$stdout.sync = true

puts "Hello from Ruby #{RUBY_VERSION}, due at #{ENV.fetch('DCRON_FIRE_TIME')}"
3.times do |step|
  sleep 0.3
  puts "step #{step + 1} of 3, arguments #{ARGV}"
end
warn 'this line went to stderr'
