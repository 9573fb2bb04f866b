using ImGateway.Edge.Configuration;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Connections;

/// <summary>On a connection over a limit, which is there to have a CA's question answered and no other.</summary>
sealed record OverLimitFeature(ConnectionRefusal Refusal);

/// <summary>The gate of listeners without TLS.</summary>
sealed class PlainGate(ConnectionGate gate, TlsSection options, TimeProvider time)
{
    public ConnectionDelegate Middleware(ConnectionDelegate next) => connection => ServeAsync(connection, next);

    async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        using var timeout = new CancellationTokenSource(options.HandshakeTimeout, time);
        using var admission = await gate.AdmitAsync(connection, timeout.Token);
        if (admission.IsClosed) return;
        if (admission.IsOverLimit)
        {
            // Nobody over a limit may just sit there.
            if (!await SpeaksAsync(connection, timeout.Token))
            {
                gate.OnRefused(admission.Refusal, connection.RemoteEndPoint);
                return;
            }

            connection.Features.Set(new OverLimitFeature(admission.Refusal));
        }

        timeout.CancelAfter(Timeout.InfiniteTimeSpan);
        await next(connection);
    }

    static async ValueTask<bool> SpeaksAsync(ConnectionContext connection, CancellationToken cancellationToken)
    {
        try
        {
            var read = await connection.Transport.Input.ReadAsync(cancellationToken);
            connection.Transport.Input.AdvanceTo(read.Buffer.Start);
            return !read.Buffer.IsEmpty;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false;
        }
    }
}
