using System.Net;
using ImGateway.Edge.Connections;
using Microsoft.AspNetCore.Connections;

namespace ImGateway.Edge.Operations.Control;

/// <summary>Kestrel's transport for the <see cref="ControlEndPoint"/>.</summary>
sealed class ControlTransport(SlowCloseMonitor slowCloses, TimeProvider time, ILoggerFactory loggers) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is ControlEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var listener = new ControlListener((ControlEndPoint)endpoint, slowCloses, time, loggers);
        listener.Open();
        return ValueTask.FromResult<IConnectionListener>(listener);
    }
}
