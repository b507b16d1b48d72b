// Serves DynamoDB's protocol on a free port of loopback to those who know the
// access key, keeps everything in memory, and ends with its standard input.

import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBRequestHandler;
import com.amazonaws.services.dynamodbv2.local.server.LocalDynamoDBServerHandler;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.NetworkConnector;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

public class Server {
    private static final String REFUSAL =
        "{\"__type\":\"com.amazon.coral.service#UnrecognizedClientException\","
            + "\"message\":\"The access key of the request is not the one of this server.\"}";

    public static void main(String[] args) throws Exception {
        String credential = "Credential=" + System.getenv("SEBS_TABLESERVER_ACCESS_KEY") + "/";
        var inMemory = true;
        var sharedByRegions = true;
        var delays = false;
        var store = new LocalDynamoDBServerHandler(
            new LocalDynamoDBRequestHandler(0, inMemory, null, sharedByRegions, delays), null);
        var server = new org.eclipse.jetty.server.Server(new InetSocketAddress("127.0.0.1", 0));
        server.setHandler(new Handler.Wrapper(store) {
            @Override
            public boolean handle(Request request, Response response, Callback callback) throws Exception {
                String signed = request.getHeaders().get("Authorization");
                if (signed != null && signed.contains(credential)) {
                    return super.handle(request, response, callback);
                }
                response.setStatus(400);
                response.getHeaders().put("Content-Type", "application/x-amz-json-1.0");
                response.write(true, ByteBuffer.wrap(REFUSAL.getBytes(StandardCharsets.UTF_8)), callback);
                return true;
            }
        });
        server.start();
        System.out.println("listening on " + ((NetworkConnector) server.getConnectors()[0]).getLocalPort());
        System.out.flush();
        while (System.in.read() != -1) {
            // until the end
        }
        System.exit(0);
    }
}
