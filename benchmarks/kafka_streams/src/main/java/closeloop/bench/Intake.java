package closeloop.bench;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * First stage, one for each source partition: counts each response in the minute of each of its five cuts, sends
 * detractors on at once and, once a second, the totals of the minutes that changed. Pre-aggregating before the
 * repartition topic is what a user does who knows that one key (the cut "all") gets everything: without it five
 * records a response would go through the broker a second time.
 */
final class Intake implements Processor<byte[], byte[], byte[], byte[]> {
  static final String STORE = "minutes";
  static final String ALERTS = "alerts";
  static final String TOTALS = "totals";
  private static final long KEPT_MINUTES = 30L * 24 * 60;

  private ProcessorContext<byte[], byte[]> context;
  private KeyValueStore<String, byte[]> minutes;
  private final Set<String> changed = new HashSet<>();

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    minutes = context.getStateStore(STORE);
    // What was counted and not yet sent on when a predecessor died is not known: all of it is sent again.
    try (KeyValueIterator<String, byte[]> all = minutes.all()) {
      all.forEachRemaining(row -> changed.add(row.key));
    }
    context.schedule(Duration.ofSeconds(1), PunctuationType.WALL_CLOCK_TIME, this::sendOn);
    context.schedule(Duration.ofHours(1), PunctuationType.WALL_CLOCK_TIME, this::expire);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    Response response = Response.read(record.value(), context.currentSystemTimeMs());
    if (response == null) return;
    String metric = response.metric;
    String minute = "|" + response.minute;
    count(metric + "|all" + minute, response.score);
    count(metric + "|touchpoint|" + response.touchpoint + minute, response.score);
    count(metric + "|touchpoint_channel|" + response.touchpoint + "|" + response.channel + minute, response.score);
    count(metric + "|region|" + response.region + minute, response.score);
    count(metric + "|segment|" + response.segment + minute, response.score);
    if (response.isDetractor()) context.forward(record, ALERTS);
  }

  private void count(String key, int score) {
    minutes.put(key, Histogram.plusOne(minutes.get(key), score));
    changed.add(key);
  }

  private void sendOn(long now) {
    int source = context.taskId().partition();
    for (String key : changed) {
      byte[] counts = minutes.get(key);
      if (counts == null) continue;
      int cut = key.lastIndexOf('|');
      ByteBuffer value = ByteBuffer.allocate(Integer.BYTES + Long.BYTES + Histogram.BYTES);
      value.putInt(source).putLong(Long.parseLong(key, cut + 1, key.length(), 10)).put(counts);
      byte[] place = key.substring(0, cut).getBytes(java.nio.charset.StandardCharsets.UTF_8);
      context.forward(new Record<>(place, value.array(), now), TOTALS);
    }
    changed.clear();
  }

  private void expire(long now) {
    long oldest = now / 60_000 - KEPT_MINUTES;
    try (KeyValueIterator<String, byte[]> all = minutes.all()) {
      while (all.hasNext()) {
        KeyValue<String, byte[]> row = all.next();
        if (Long.parseLong(row.key.substring(row.key.lastIndexOf('|') + 1)) < oldest) minutes.delete(row.key);
      }
    }
  }
}
