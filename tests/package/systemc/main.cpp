/* A device, Doorbell's SMMU, and a memory: the least platform there is. */
#include <sim/systemc/systemc_engine.h>
#include <wrappers/smmu.h>

#include <cstdio>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

struct memory : sc_core::sc_module {
    tlm_utils::simple_target_socket<memory> socket;
    tlm_utils::simple_target_socket<memory> tables;
    unsigned char bytes[4096] = {};

    explicit memory(const sc_core::sc_module_name &name) : sc_core::sc_module(name), socket("socket"), tables("tables")
    {
        socket.register_b_transport(this, &memory::access);
        tables.register_b_transport(this, &memory::access);
    }

    void access(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay)
    {
        for (unsigned i = 0; i < payload.get_data_length(); i++) {
            unsigned char &mine = bytes[(payload.get_address() + i) % sizeof(bytes)];

            if (payload.is_write()) {
                mine = payload.get_data_ptr()[i];
            } else {
                payload.get_data_ptr()[i] = mine;
            }
        }
        delay += sc_core::sc_time(80, sc_core::SC_NS);
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
    }
};

struct device : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<device> socket;
    tlm_utils::simple_initiator_socket<device> control;
    bool works = false;

    explicit device(const sc_core::sc_module_name &name)
        : sc_core::sc_module(name), socket("socket"), control("control")
    {
        SC_HAS_PROCESS(device);
        SC_THREAD(run);
    }

    unsigned access(tlm::tlm_command command, unsigned value)
    {
        tlm::tlm_generic_payload payload;
        sc_core::sc_time delay;

        payload.set_command(command);
        payload.set_address(0x100);
        payload.set_data_ptr(reinterpret_cast<unsigned char *>(&value));
        payload.set_data_length(sizeof(value));
        payload.set_streaming_width(sizeof(value));
        socket->b_transport(payload, delay);
        wait(delay);
        return payload.is_response_ok() ? value : 0;
    }

    void run()
    {
        access(tlm::TLM_WRITE_COMMAND, 0x600df00d);
        works = access(tlm::TLM_READ_COMMAND, 0) == 0x600df00d;
    }
};

int sc_main(int, char *[])
{
    smmu_config config;

    smmu_config_defaults(&config);
    doorbell::simulation whole("doorbell");
    doorbell::smmu smmu("smmu", whole, config);
    device device("device");
    memory memory("memory");

    device.socket.bind(smmu.tbu(0));
    device.control.bind(smmu.registers());
    smmu.memory(0).bind(memory.socket);
    smmu.walker().bind(memory.tables);
    sc_core::sc_start();
    if (device.works && sim_systemc_engine() != nullptr) {
        std::printf("SystemC %s: it works\n", sim_systemc_version());
    }
    return device.works ? 0 : 1;
}
