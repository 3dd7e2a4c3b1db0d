package closeloop.bench;

import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** The job in Kafka Streams. Arguments: bootstrap, state folder, metrics topic, alerts topic, repartition topic. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    String through = args[4];
    Serde<byte[]> bytes = Serdes.ByteArray();
    Topology topology = new Topology();
    topology.addSource("responses", bytes.deserializer(), bytes.deserializer(), "cx.responses");
    topology.addProcessor("intake", Intake::new, "responses");
    topology.addStateStore(store(Intake.STORE), "intake");
    topology.addSink(Intake.ALERTS, args[3], bytes.serializer(), bytes.serializer(), "intake");
    topology.addSink(Intake.TOTALS, through, bytes.serializer(), bytes.serializer(), "intake");
    topology.addSource("totals-by-cut", bytes.deserializer(), bytes.deserializer(), through);
    topology.addProcessor("rolling", Rolling::new, "totals-by-cut");
    topology.addStateStore(store(Rolling.PARTS), "rolling");
    topology.addStateStore(store(Rolling.PANES), "rolling");
    topology.addStateStore(store(Rolling.TOTALS), "rolling");
    topology.addSink("metrics", args[2], bytes.serializer(), bytes.serializer(), "rolling");

    Properties settings = new Properties();
    settings.putAll(
        Map.of(
            StreamsConfig.APPLICATION_ID_CONFIG, "bench-kafka-streams",
            StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0],
            StreamsConfig.STATE_DIR_CONFIG, args[1],
            StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000,
            // The default of 100 ms would be all that the latency of an alert shows.
            StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 5,
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest",
            // As closeloop's workers: it decides how soon a killed worker's partitions are given to another.
            ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 6000,
            ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, 1500));
    KafkaStreams streams = new KafkaStreams(topology, settings);
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
        });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }

  /** RocksDB with its changelog topic and its cache, all as they are by default. */
  private static StoreBuilder<KeyValueStore<String, byte[]>> store(String name) {
    return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), Serdes.String(), Serdes.ByteArray())
        .withCachingEnabled();
  }
}
